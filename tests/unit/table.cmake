stroma_unit(test_csv table)
stroma_unit(test_gnuplot table)
