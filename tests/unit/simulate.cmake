# Tests of src/simulate. The lane vector is a SUNDIALS object, so its test is the one that sees SUNDIALS.
stroma_unit(test_blocklu simulate)
stroma_unit(test_vector simulate)
target_include_directories(test_vector SYSTEM PRIVATE ${SUNDIALS_INCLUDE})
stroma_unit(test_stops simulate)
stroma_unit(test_pack simulate)
stroma_unit(test_outcome simulate)
stroma_unit(test_steady simulate)
stroma_unit(test_allocation simulate)
