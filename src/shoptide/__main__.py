"""`python -m shoptide` is the command line."""

from shoptide.cli.main import main

if __name__ == "__main__":
    main()
