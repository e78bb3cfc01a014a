"""The command line, ``groundup COMMAND``: thin, and lazy about imports so that ``--help`` never loads torch.

Each command is a function: its signature becomes the options, its docstring the help. A command that reports
takes ``--json`` (one JSON document on standard output, nothing else there) and ``--seed``; progress goes to
standard error. Exit code 0: done; 2: wrong usage; 1: failed.
"""

import sys

import tyro

from groundup.errors import GroundupError, UsageError

app = tyro.extras.SubcommandApp()


def main() -> None:
    """Run one command; a user's mistake ends in one clear sentence, never in a traceback."""
    try:
        app.cli(prog="groundup", description="Deep learning from the ground up.", config=(tyro.conf.OmitArgPrefixes,))
    except GroundupError as error:
        from rich.markup import escape

        from groundup.console import progress

        progress.print(f"[bold red]groundup:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
