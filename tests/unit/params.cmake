foreach(name config params params_cases)
  stroma_unit(test_${name} params)
endforeach()
