"""The middleware of a test process that has hundreds of test clients, each with a stack of its own."""

from typing import Any, ClassVar

from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesFoundOnce(WhiteNoiseMiddleware):
    """WhiteNoise, which looks at every static file when it is made; here only the first one does."""

    found: ClassVar[dict[str, Any]] = {}

    def add_files_from_finders(self) -> None:
        if not self.found:
            # Apart from what this one has in its STATIC_ROOT: the next may have another, or none.
            own, self.files = self.files, {}
            super().add_files_from_finders()
            self.found.update(self.files)
            self.files = own
        self.files.update(self.found)
