"""The subcommands of ``bioworkbench``, a module each."""
