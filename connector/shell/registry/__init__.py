"""The schema registry side: carries out the conversations that `connector/registry` describes."""
