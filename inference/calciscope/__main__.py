"""`python -m calciscope` is `calciscope`."""

from calciscope.cli import main

if __name__ == "__main__":
    main()
