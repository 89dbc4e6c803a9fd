"""A report of metrics as text, as plots and as an HTML page.

page        a report as one HTML page
pictures    plots of scores, curves and confusion
summary     a report as text tables and plain values
"""

from sed.report.page import html_page, save_pictures, sections
from sed.report.pictures import draw_scores
from sed.report.summary import near_text, report_values, text_table

__all__ = ["draw_scores", "html_page", "near_text", "report_values", "save_pictures", "sections", "text_table"]
