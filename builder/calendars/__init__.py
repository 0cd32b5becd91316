"""The calendars: shifts of the week, holidays and swapped days, seen and changed by the people who look after the house."""
