// The categories are those of NHS Data Dictionary, EMERGENCY CARE ATTENDANCE CATEGORY (1 to 4), in words of our own:
// https://www.datadictionary.nhs.uk/attributes/emergency_care_attendance_category.html
CodeSystem: CpIsAttendance
Id: CpIs-Attendance
Title: "Attendance"
Description: "Where a person attended (the setting), and whether it was the first attendance or followed up another (the category)."
* ^experimental = false
* ^caseSensitive = true
* #emergency-department "Emergency department"
* #urgent-treatment-centre "Urgent treatment centre"
* #walk-in-centre "Walk-in centre"
* #out-of-hours-gp "Out-of-hours general practice"
* #ambulance "Ambulance service"
* #nhs-111 "NHS 111"
* #maternity "Maternity service"
* #ward "Hospital ward"
* #first-attendance "First attendance, unplanned"
* #unplanned-follow-up "Unplanned return to the same place"
* #unplanned-follow-up-elsewhere "Unplanned return, first seen elsewhere"
* #planned-follow-up "Planned follow-up"
