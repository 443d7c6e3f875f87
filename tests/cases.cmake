# Text cases: one ctest entry for each file; adding a case needs no C and no word here.

# Models that say in comments what stroma must say about them (see the head of the runner).
add_executable(run_model_cases cases/run_model_cases.c)
target_link_libraries(run_model_cases PRIVATE stroma_base stroma_expr stroma_model m)
file(GLOB model_cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cases/model/*.stroma)
foreach(file IN LISTS model_cases)
  get_filename_component(name ${file} NAME_WE)
  get_filename_component(base ${file} NAME)
  add_test(NAME cases.model.${name} COMMAND run_model_cases ${base}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/cases/model)
endforeach()

# Data files and every word that is said about them.
add_executable(run_data_cases cases/run_data_cases.c)
foreach(floor IN LISTS STROMA_FLOORS)
  target_link_libraries(run_data_cases PRIVATE stroma_${floor})
endforeach()
target_link_libraries(run_data_cases PRIVATE m)
file(GLOB data_cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cases/data/*.csv)
foreach(file IN LISTS data_cases)
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME cases.data.${name} COMMAND run_data_cases ${name}.csv
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/cases/data)
endforeach()
