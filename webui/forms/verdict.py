"""What people type about a result."""

from django import forms

from coordination.queries.criteria import Judgement


class VerdictForm(forms.Form):
    """What a reviewer writes: comments, and for each criterion by its place whether it is met (`met-2`) and why (`note-2`)."""

    text = forms.CharField(required=False, max_length=50_000)
    judged = forms.CharField(required=False)

    def clean_judged(self) -> list[Judgement]:
        said = {name.removeprefix("met-"): value for name, value in self.data.items() if name.startswith("met-")}
        places = sorted(int(place) for place, value in said.items() if place.isdecimal() and len(place) < 4 and value in ("yes", "no"))
        return [Judgement(place, said[str(place)] == "yes", self.data.get(f"note-{place}", "")[:500]) for place in places]
