CodeSystem: CpIsAttendance
Id: CpIs-Attendance
Title: "Attendance"
Description: "Where a person attended, and whether the attendance was a planned follow-up."
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
* #planned-follow-up "Planned follow-up"
