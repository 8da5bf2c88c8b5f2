"""How studies come in: watched folders, a C-STORE SCP, and when one is whole."""
