"""What a run is, on disk and in memory. Standard library only; shared by the app and the runner."""
