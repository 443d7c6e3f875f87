foreach(name calls config edit params params_cases keys population_params population_draws)
  stroma_unit(test_${name} params)
endforeach()
