"""What is shown of a render: pictures and pages."""
