"""The page for people: where every sync stands, the last runs, and buttons. Plain HTML that works without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from shoptide.ledger import Run
from shoptide.ledger.health import SyncHealth

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1d2733; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #dde3ea; vertical-align: top; }
form { display: inline; } button { font: inherit; padding: .1rem .6rem; margin-right: .3rem; }
.Healthy { color: #17743b; } .Failed { color: #b3261e; } .Incomplete { color: #9a5b00; } .Delayed { color: #6b4fa1; }
.note { color: #5a6775; }
"""


def _document(title: str, body: str, *, refresh: bool = False) -> str:
    again = '<meta http-equiv="refresh" content="15">' if refresh else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{again}'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>{body}</body></html>'
    )


def login(*, wrong: bool = False, closed: bool = False) -> str:
    """The page that asks for the password."""
    if closed:
        told = (
            "<p>The management side is closed: set <code>token</code> or <code>password_hash</code> under [serve].</p>"
        )
        return _document("Shoptide", f"<h1>Shoptide</h1>{told}")
    note = '<p class="Failed">That was not right, or tried too often.</p>' if wrong else ""
    form = (
        '<form method="post" action="/login"><label>Password or token '
        '<input type="password" name="password" autofocus autocomplete="current-password"></label> '
        "<button>Log in</button></form>"
    )
    return _document("Shoptide", f"<h1>Shoptide</h1>{note}{form}")


def overview(syncs: Iterable[SyncHealth], paused: set[str], runs: Iterable[Run], csrf: str) -> str:
    """The page of syncs and runs; buttons only for a browser that logged in."""
    found = "".join(_sync(each, each.sync in paused, csrf) for each in syncs)
    head = "<tr><th>sync</th><th>shop</th><th>health</th><th>last run</th><th>what it did</th><th></th></tr>"
    done = "".join(_run(run) for run in runs)
    heads = "<tr><th>run</th><th>sync</th><th>outcome</th><th>calls</th><th>points</th><th>seconds</th></tr>"
    out = f'<form method="post" action="/logout">{_csrf(csrf)}<button>Log out</button></form>' if csrf else ""
    body = f"<h1>Shoptide</h1>{out}<table>{head}{found}</table><h2>Runs</h2><table>{heads}{done}</table>"
    return _document("Shoptide", body, refresh=True)


def _csrf(csrf: str) -> str:
    return f'<input type="hidden" name="csrf" value="{escape(csrf)}">'


def _sync(found: SyncHealth, paused: bool, csrf: str) -> str:
    last = f"{found.last_run:%Y-%m-%d %H:%M:%S} UTC" if found.last_run else "–"
    wanted = ("run", "resume", "cancel") if paused else ("run", "pause", "cancel")
    buttons = "".join(
        f'<form method="post" action="/api/syncs/{escape(found.sync)}/{action}">{_csrf(csrf)}<button>{action}</button>'
        "</form>"
        for action in wanted
    )
    note = ' <span class="note">paused</span>' if paused else ""
    cells = (
        f"<td>{escape(found.sync)}{note}</td><td>{escape(found.shop)}</td>"
        f'<td class="{found.health}">{found.health}</td><td>{last}</td><td>{escape(found.told)}</td>'
    )
    return f"<tr>{cells}<td>{buttons if csrf else ''}</td></tr>"


def _run(run: Run) -> str:
    cells = (run.id, f"{run.kind}.{run.name}", run.outcome or "running, or killed")
    numbers = (run.summary.get(name, "") for name in ("calls", "cost", "seconds"))
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in (*cells, *numbers)) + "</tr>"
