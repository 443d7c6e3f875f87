# The disease models against what only many runs show: scripts of tests/models. The slow ones take more than 20 s on
# one core, longer under a sanitizer.
function(stroma_model_script name)
  add_test(NAME models.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/models/${name}.sh)
  set_tests_properties(models.${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "STROMA=$<TARGET_FILE:stroma>;BUILD=${CMAKE_BINARY_DIR}")
endfunction()
foreach(name ra_vpop tolerances rest colitis_table7 msc_population)
  stroma_model_script(${name})
endforeach()
set_tests_properties(models.ra_vpop models.tolerances PROPERTIES LABELS slow TIMEOUT 600)
