"""Pages, tables and paragraphs that every PDF of Calciscope is made of."""
