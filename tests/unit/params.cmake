foreach(name calls config edit params params_cases population_params)
  stroma_unit(test_${name} params)
endforeach()
