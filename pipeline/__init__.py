"""Groundwork: one file per stage of the DAG; what they share lives in the rooms behind them."""
