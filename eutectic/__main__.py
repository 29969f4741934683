"""This file is the command line as `python -m eutectic`."""

from eutectic.campaigns.cli import main

if __name__ == "__main__":
    main()
