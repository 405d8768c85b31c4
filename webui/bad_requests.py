"""What is told about a request that Django refuses before any page sees it: it is too much, or asks for another server."""

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

TOO_MUCH: dict[type[Exception], str] = {
    RequestDataTooBig: f"This is more text than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024} MB",
    TooManyFieldsSent: f"This form has more than {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields",
    TooManyFilesSent: f"These are more than {settings.DATA_UPLOAD_MAX_NUMBER_FILES:,} files",
}
OTHER_HOST = "Muster does not answer under this name. If it should, its operator adds the name to ALLOWED_HOSTS."
UNREADABLE = "What your browser sent could not be read. Nothing was changed; reload the page and try again."


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for Django's handler400, with a page that needs neither a session nor a host that is ours."""
    words = next((words for kind, words in TOO_MUCH.items() if isinstance(exception, kind)), "")
    status = 413 if words else 400
    sentence = f"{words}, the most that is taken at once. Nothing was changed; send less." if words else UNREADABLE
    if isinstance(exception, DisallowedHost):
        sentence = OTHER_HOST
    if "HX-Request" in request.headers or "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    title = "Too large" if words else "Not understood"
    return HttpResponse(render_to_string("400.html", {"title": title, "sentence": sentence}), status=status)
