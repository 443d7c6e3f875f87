stroma_unit(test_schedule dose)
