foreach(name unit parse model)
  stroma_unit(test_${name} model)
endforeach()
