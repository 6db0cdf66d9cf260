namespace agw::test {}
