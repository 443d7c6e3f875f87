foreach(name config params params_cases population_params)
  stroma_unit(test_${name} params)
endforeach()
