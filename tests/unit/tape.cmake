# Tests of src/tape.
stroma_unit(test_tape tape)
stroma_unit(test_tape_compile tape)
stroma_unit(test_trace tape)
