"""The channels that reach people: one folder, one channel; none knows another, nor the executor that uses it."""
