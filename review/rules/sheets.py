"""CSV as the review writes it; the same lines as everywhere."""

from core.sheets import BYTE_ORDER_MARK, FORMULA_STARTS, csv_lines, safe_cell

__all__ = ["BYTE_ORDER_MARK", "FORMULA_STARTS", "csv_lines", "safe_cell"]
