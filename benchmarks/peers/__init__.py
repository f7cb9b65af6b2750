"""The same ending, made with other tools: one file a tool, each as somebody who knows it would do it.

A peer has a `NAME`, `NEEDS` (the programs it starts), `LACKS` (what its mix does not have, in words),
`COMPLETE` (whether it brings the dialogue to its target, holds the ceiling and reports by itself),
and `render(scene, folder, run)`, which makes `folder/MODULE.wav`, by its module's name, with
`run(command)`.
"""
