"""The contract's calls on one side, the author's class on the other. Imported only while a component is made: the modules
it stands on (`wit_world` and componentize-py's) exist nowhere else."""
