"""The same ending, made with other tools: one file a tool, each as somebody who knows it would do it.

A peer has a `NAME`, `NEEDS` (the programs it starts), `LACKS` (what its mix does not have, in words),
and `render(scene, folder, run)`, which makes `folder/MODULE.wav`, by its module's name, with
`run(command)`.
"""
