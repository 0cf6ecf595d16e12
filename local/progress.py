"""What a command tells while it works: each step by name as it starts, and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_TELL_SECONDS = 5.0

console = Console(highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """Prints a line; on a terminal, rich's markup in it is shown as style."""
    console.print(text)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Names a step when it starts and, when it ends well, tells its seconds."""
    begun = time.monotonic()
    if console.is_terminal:
        with console.status(name):
            yield
        console.print(f"[green]✓[/green] {name} [dim]{time.monotonic() - begun:.1f} s[/dim]")
        return
    console.print(f"{name} …")
    yield
    console.print(f"  done in {time.monotonic() - begun:.1f} s")


@contextmanager
def counted(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A step of many parts: gives a function that is to be called with how many parts are done."""
    begun = time.monotonic()
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(name, total=total)
            yield lambda done: bar.update(task, completed=done)
        console.print(f"[green]✓[/green] {name} [dim]{time.monotonic() - begun:.1f} s[/dim]")
        return
    console.print(f"{name} …")
    told = begun

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            console.print(f"  {done} of {total}")

    yield tell
    console.print(f"  done in {time.monotonic() - begun:.1f} s")
