"""Look at source code without running it: modules, their names, and who asks for them."""
