"""The PACS watch-folder service: nothing lost, nothing twice.

A study walks through the rooms in this order: `intake/` (watched folders, C-STORE SCP, when is it
complete) -> `work/` (worker processes or a Dask cluster) -> `delivery/` (folder, C-STORE,
STOW-RS, webhooks). `journal/` remembers every step, `settings/` says what is wanted,
`operations/` looks after the house (logs, audit, metrics, disk, retention), `web/` shows it, and
`daemon.py` starts and stops it all.
"""
