stroma_unit(test_config params)
