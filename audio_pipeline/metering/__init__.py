"""Loudness, levels and peaks of any audio, by ITU-R BS.1770-5 and EBU Tech 3341 and 3342."""
