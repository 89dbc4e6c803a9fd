"""A report of figures as text, as pictures and as a page.

page        a report as one page
pictures    scores, curves and confusion, drawn
summary     a report as text and plain values
"""

from sed.report.page import html_page, save_pictures, sections
from sed.report.pictures import draw_scores
from sed.report.summary import everything, text_table

__all__ = ["draw_scores", "everything", "html_page", "save_pictures", "sections", "text_table"]
