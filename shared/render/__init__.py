"""What people see: mails, pages and the report, from templates and one palette."""
