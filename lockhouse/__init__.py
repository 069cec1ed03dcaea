"""The server: settings, command line, application, directory of people, gate pages; it wires everything else."""
