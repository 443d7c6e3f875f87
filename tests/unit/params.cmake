foreach(name calls config edit params params_cases population_params population_draws)
  stroma_unit(test_${name} params)
endforeach()
