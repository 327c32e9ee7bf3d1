"""Everything of the product that is not a DAG file: the package, its policy and its templates."""
