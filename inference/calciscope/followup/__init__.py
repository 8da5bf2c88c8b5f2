"""Follow-up: two dates registered bone by bone, their lesions matched, the change told."""
