# A locale with a decimal comma, made for the tests that show that it changes nothing.
find_program(LOCALEDEF localedef)
set(COMMA_LOCALE ${CMAKE_BINARY_DIR}/locale)
if(LOCALEDEF AND EXISTS /usr/share/i18n/locales/de_DE AND NOT EXISTS ${COMMA_LOCALE}/de_DE.UTF-8)
  file(MAKE_DIRECTORY ${COMMA_LOCALE})
  execute_process(COMMAND ${LOCALEDEF} -i de_DE -f UTF-8 ${COMMA_LOCALE}/de_DE.UTF-8
    OUTPUT_QUIET ERROR_QUIET)
endif()

foreach(name arena diag file names number random source)
  stroma_unit(test_${name} base)
endforeach()
set_tests_properties(unit.test_number PROPERTIES ENVIRONMENT "LOCPATH=${COMMA_LOCALE}")
