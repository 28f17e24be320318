"""``flowproof completion``: the script by which a shell completes the command line."""

import click
from click.shell_completion import get_completion_class

from flowproof.errors import ConfigurationError

__all__ = ["completion"]

PROGRAM = "flowproof"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, /, shell: str) -> None:
    """
    Write the script that completes commands, options and providers in bash, zsh or fish.

    \b
      bash  echo 'eval "$(flowproof completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(flowproof completion zsh)"' >> ~/.zshrc
      fish  flowproof completion fish > ~/.config/fish/completions/flowproof.fish

    bash has to be of version 4.4 or newer; zsh needs compinit before.
    """
    found = get_completion_class(shell)
    if found is None:
        raise ConfigurationError(f"There is no completion for {shell}.", f"Choose {', '.join(SHELLS)}.")
    script = found(context.find_root().command, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE")
    click.echo(script.source())
