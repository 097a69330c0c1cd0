"""``python -m server …`` is the command line of the house."""

from server.cli import main

if __name__ == "__main__":
    main()
