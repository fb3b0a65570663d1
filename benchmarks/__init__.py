"""How fast it is: each figure beside a peer in the same run, and the command that measures it again."""
