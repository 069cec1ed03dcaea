"""The built-in directory of people: who they are, what names them, their passwords, contacts and consents."""
