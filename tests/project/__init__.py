"""The project about itself: layers, the wheel, the lock file, the documents."""
