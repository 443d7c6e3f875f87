# Tests of src/simulate.
stroma_unit(test_blocklu simulate)
