# Tests of src/simulate.
stroma_unit(test_blocklu simulate)
stroma_unit(test_stops simulate)
stroma_unit(test_vector simulate)
stroma_unit(test_pack simulate)
