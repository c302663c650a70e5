"""The figure pipeline: from results folders to figures in three formats, the plotted data beside them, and a page of all."""
