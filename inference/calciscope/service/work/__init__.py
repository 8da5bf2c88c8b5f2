"""The analysis of studies: requests, who carries them out, and what becomes of the results."""
